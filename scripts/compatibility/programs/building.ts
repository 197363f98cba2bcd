import type { Group } from "../program.js";

const SOURCES = `for n in 1 2 3 4 5 6 7 8; do echo "int f$n(void) { return $n; }" > f$n.c; done
{ for n in 1 2 3 4 5 6 7 8; do echo "int f$n(void);"; done; echo '#include <stdio.h>'; echo 'int main(void) { printf("%d", f1()+f2()+f3()+f4()+f5()+f6()+f7()+f8()); puts(""); }'; } > main.c`;

export const building: Group = {
  name: "building",
  title: "Build tools and version control",
  programs: [
    {
      name: "make -j",
      packages: ["make", "gcc", "libc6-dev"],
      script: `${SOURCES}
printf 'OBJS := $(patsubst %%.c,%%.o,$(wildcard *.c))\\na: $(OBJS)\\n\\t$(CC) -o $@ $^\\n' > Makefile && make -s -j8 && ./a`,
      prints: "36",
    },
    {
      name: "CMake, Ninja",
      packages: ["cmake", "ninja-build", "gcc", "libc6-dev"],
      script: `${SOURCES}
printf 'cmake_minimum_required(VERSION 3.20)\\nproject(a C)\\nfile(GLOB s *.c)\\nadd_executable(a \${s})\\n' > CMakeLists.txt && cmake -G Ninja -B b >/dev/null && ninja -C b >/dev/null && b/a`,
      prints: "36",
      resources: { time: "3m" },
    },
    {
      name: "Meson",
      packages: ["meson", "gcc", "libc6-dev"],
      script: `${SOURCES}
echo "project('a', 'c'); executable('a', 'main.c', 'f1.c', 'f2.c', 'f3.c', 'f4.c', 'f5.c', 'f6.c', 'f7.c', 'f8.c')" | tr ';' '\\n' > meson.build && meson setup b >/dev/null && meson compile -C b >/dev/null && b/a`,
      prints: "36",
      resources: { time: "3m" },
    },
    {
      name: "Autotools",
      packages: ["autoconf", "automake", "make", "gcc", "libc6-dev"],
      script: `echo 'int main(void) { return 0; }' > a.c
printf 'AC_INIT([a],[1])\\nAM_INIT_AUTOMAKE([foreign])\\nAC_PROG_CC\\nAC_CONFIG_FILES([Makefile])\\nAC_OUTPUT\\n' > configure.ac
printf 'bin_PROGRAMS = a\\na_SOURCES = a.c\\n' > Makefile.am
autoreconf -i >/dev/null 2>&1 && ./configure >/dev/null && make -s >/dev/null && ./a && echo built`,
      prints: "built",
      resources: { time: "5m" },
    },
    {
      name: "Cargo",
      packages: ["cargo", "rustc", "gcc", "libc6-dev"],
      script: `cargo init -q --vcs none --name a . && cargo test -q --offline >/dev/null 2>&1; cargo run -q --offline`,
      prints: "Hello, world!",
      resources: { time: "5m" },
    },
    {
      name: "Ant",
      packages: ["ant", "openjdk-17-jdk-headless"],
      script: `mkdir s && echo 'class A { public static void main(String[] a) { System.out.println(42); } }' > s/A.java
echo '<project default="r"><target name="r"><mkdir dir="o"/><javac srcdir="s" destdir="o" includeantruntime="false"/><java classname="A" classpath="o" fork="true"/></target></project>' > build.xml
ant | sed -n 's/.*\\[java\\] //p'`,
      prints: "42",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "Maven",
      packages: ["maven"],
      script: `mvn -v | sed -n 's/.*\\(Apache Maven 3\\).*/\\1/p'`,
      prints: "Apache Maven 3",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "npm pack, install",
      packages: ["npm", "nodejs"],
      script: `export npm_config_cache=$PWD/c npm_config_offline=true npm_config_update_notifier=false
mkdir p q && cd p && npm init -y >/dev/null && echo 'module.exports = 42' > index.js && npm pack >/dev/null 2>&1 && cd ../q && npm init -y >/dev/null && npm install --no-audit --no-fund ../p/*.tgz >/dev/null && node -p 'require("p")'`,
      prints: "42",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "pip, venv",
      packages: ["python3-venv", "python3-setuptools", "python3-wheel"],
      script: `mkdir p && echo 'from setuptools import setup; setup(name="p", version="1", py_modules=["p"])' > p/setup.py && echo 'n = 42' > p/p.py
python3 -m venv --system-site-packages v && v/bin/pip install -q --no-index --no-build-isolation ./p && v/bin/python -c 'import p; print(p.n)'`,
      prints: "42",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "SCons",
      packages: ["scons", "gcc", "libc6-dev"],
      script: `${SOURCES}
echo 'Program("a", Glob("*.c"))' > SConstruct && scons -Q -s -j4 && ./a`,
      prints: "36",
    },
    {
      name: "ccache",
      packages: ["ccache", "gcc", "libc6-dev"],
      script: `echo 'int main(void) { return 0; }' > a.c && export CCACHE_DIR=$PWD/c && ccache gcc -c a.c && ccache gcc -c a.c && ccache --print-stats | sed -n 's/^direct_cache_hit\\t//p'`,
      prints: "1",
    },
    {
      name: "dpkg-deb",
      packages: ["dpkg"],
      script: `mkdir -p p/DEBIAN && printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.org>\\nDescription: p\\n' > p/DEBIAN/control && dpkg-deb --root-owner-group -b p p.deb >/dev/null && dpkg-deb -f p.deb Package`,
      prints: "p",
    },
    {
      name: "Git",
      packages: ["git"],
      script: `git init -q r && cd r && git config user.email a@example.org && git config user.name a && for n in 1 2 3; do echo $n > f && git add f && git commit -qm $n; done; git gc -q && git clone -q . ../c && git -C ../c log --oneline | wc -l`,
      prints: "3",
    },
    {
      name: "Mercurial",
      packages: ["mercurial"],
      script: `hg init r && cd r && echo a > f && hg add f && hg commit -u a -m one && hg log -T '{desc}\\n'`,
      prints: "one",
    },
    {
      name: "webpack",
      packages: ["webpack", "nodejs"],
      script: `mkdir src && echo 'import { n } from "./n.js"; console.log(n)' > src/index.js && echo 'export const n = 42' > src/n.js && webpack --mode production >/dev/null && node dist/main.js`,
      prints: "42",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "esbuild",
      packages: ["esbuild", "nodejs"],
      script: `echo 'const n: number = 42; console.log(n)' > a.ts && esbuild --log-level=error --bundle --platform=node a.ts --outfile=a.js && node a.js`,
      prints: "42",
    },
  ],
};
