seq 1000 | sort -r | head -1
echo a > f
cp -a f g
mkfifo p
(echo through > p &)
cat p
timeout 5 true
nice -n 5 true
ls -l g | cut -c1-4
