import type { Group } from "../program.js";

/** Says what a page says after its script has run. */
const PAGE = `echo '<p id=a></p><script>a.textContent = 6 * 7</script>' > a.html`;

export const screens: Group = {
  name: "screens",
  title: "Browsers, documents and media",
  programs: [
    {
      name: "Chromium (headless)",
      packages: ["chromium"],
      script: `${PAGE}
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --user-data-dir=$PWD/u --dump-dom file://$PWD/a.html 2>/dev/null | sed -n 's/.*<p id="a">\\([0-9]*\\).*/\\1/p'`,
      prints: "42",
      resources: { memory: "2GiB", pids: 256, disk: "1GiB", time: "5m" },
    },
    {
      name: "Firefox ESR (headless)",
      packages: ["firefox-esr"],
      script: `${PAGE}
mkdir h && HOME=$PWD/h MOZ_DISABLE_CONTENT_SANDBOX=1 firefox-esr --headless --screenshot $PWD/a.png file://$PWD/a.html >/dev/null 2>&1; head -c 4 a.png | tail -c 3; echo`,
      prints: "PNG",
      resources: { memory: "2GiB", pids: 512, disk: "1GiB", time: "10m" },
      fails: {
        gvisor:
          "gVisor's kernel answers arch_prctl(ARCH_SET_GS) with EINVAL, which Firefox's WebAssembly sandbox takes for fatal",
      },
    },
    { name: "w3m", packages: ["w3m"], script: `echo '<b>42</b>' > a.html && w3m -dump a.html`, prints: "42" },
    {
      name: "ImageMagick",
      packages: ["imagemagick"],
      script: `convert -size 16x16 xc:red a.png && convert a.png -resize 8x8 a.jpg && identify -format '%w\\n' a.jpg`,
      prints: "8",
    },
    {
      name: "FFmpeg",
      packages: ["ffmpeg"],
      script: `ffmpeg -v error -f lavfi -i testsrc=duration=1:size=64x64:rate=10 -pix_fmt yuv420p a.mp4 && ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 a.mp4`,
      prints: "10",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "Ghostscript, Poppler",
      packages: ["ghostscript", "poppler-utils"],
      script: `printf '%%!PS\\n/Times-Roman findfont 20 scalefont setfont 72 72 moveto (42) show showpage\\n' > a.ps && ps2pdf a.ps a.pdf && pdftotext a.pdf - | head -1`,
      prints: "42",
    },
    {
      name: "LibreOffice (headless)",
      packages: ["libreoffice-writer-nogui", "poppler-utils"],
      script: `echo 42 > a.txt && HOME=$PWD soffice --headless --convert-to pdf a.txt >/dev/null 2>&1; pdftotext a.pdf - | head -1`,
      prints: "42",
      resources: { memory: "2GiB", disk: "1GiB", time: "10m" },
    },
    {
      name: "pandoc",
      packages: ["pandoc"],
      script: `echo '*a* **b**' | pandoc -t html`,
      prints: "<p><em>a</em> <strong>b</strong></p>",
    },
    {
      name: "LaTeX",
      packages: ["texlive-latex-base", "poppler-utils"],
      script: `printf '\\\\documentclass{article}\\\\begin{document}42\\\\end{document}' > a.tex && pdflatex -interaction=batchmode a.tex >/dev/null && pdftotext a.pdf - | head -1`,
      prints: "42",
      resources: { time: "3m" },
    },
    {
      name: "Graphviz",
      packages: ["graphviz"],
      script: `echo 'digraph { a -> b }' | dot -Tsvg | grep -c '<g id="node'`,
      prints: "2",
    },
  ],
};
