git init -q r
git -C r config user.email a@example.org
git -C r config user.name a
echo a > r/a
git -C r add a
git -C r commit -qm message
git clone -q r c
git -C c gc -q
git -C c log --format=%s
tar -cz r | tar -xz --one-top-level=x
cat x/r/a
