/** A real program, and its command: all from Debian's packages, or this project's own modules. */
export interface Program {
  readonly name: string;
  /** For a shell in an empty working directory; exits with 0. */
  readonly script: string;
  /** Required; without it the program is left out. */
  readonly needs: string;
}

const MANY_C =
  "for i in $(seq 40); do echo \"int f$i(void){return $i;}\" > f$i.c; done; echo 'int main(void){return 0;}' > main.c";
const MAKEFILE = "printf 'all: $(patsubst %%.c,%%.o,$(wildcard *.c))\\n\\tcc -o all *.o\\n' > Makefile";
const JAVA =
  "for i in $(seq 50); do echo \"class C$i { static int f() { return $i; } }\" > C$i.java; done; echo 'class Main { public static void main(String[] a) { System.out.println(C1.f()); } }' > Main.java";

export const PROGRAMS: readonly Program[] = [
  { name: "make -j8 (gcc)", needs: "/usr/bin/make", script: `${MANY_C}; ${MAKEFILE}; make -s -j8` },
  { name: "make -j32 (gcc)", needs: "/usr/bin/make", script: `${MANY_C}; ${MAKEFILE}; make -s -j32` },
  {
    name: "cmake and ninja",
    needs: "/usr/bin/ninja",
    script: `${MANY_C}; echo 'cmake_minimum_required(VERSION 3.10)
project(p C)
file(GLOB S *.c)
add_executable(everything \${S})' > CMakeLists.txt; cmake -G Ninja . >/dev/null && ninja --quiet`,
  },
  { name: "javac and java", needs: "/usr/bin/javac", script: `${JAVA}; javac *.java && java Main` },
  {
    name: "java with parallel streams",
    needs: "/usr/bin/javac",
    script:
      "cat > P.java <<'X'\nimport java.util.stream.*;\nclass P { public static void main(String[] a) { System.out.println(LongStream.range(0, 50000000L).parallel().sum()); } }\nX\njavac P.java && java P",
  },
  { name: "Maven", needs: "/usr/bin/mvn", script: "mvn --version" },
  {
    name: "Chromium, headless",
    needs: "/usr/bin/chromium",
    script:
      "echo '<p>hello</p>' > a.html; chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=$PWD/u --dump-dom file://$PWD/a.html 2>/dev/null | grep hello",
  },
  { name: "npm", needs: "/usr/bin/npm", script: "npm init -y >/dev/null && npm pack --silent" },
  {
    name: "Node with 8 worker threads",
    needs: "/usr/bin/node",
    script:
      'node -e \'const {Worker}=require("worker_threads");for(let i=0;i<8;i++)new Worker("setTimeout(()=>0,500);require(`zlib`).gzipSync(Buffer.alloc(1e6))",{eval:true})\'',
  },
  {
    name: "Python multiprocessing, 8 workers",
    needs: "/usr/bin/python3",
    script:
      "cat > m.py <<'X'\nfrom multiprocessing import Pool\ndef f(n): return sum(range(n))\nif __name__ == '__main__':\n    with Pool(8) as p: print(sum(p.map(f, [200000] * 64)))\nX\n/usr/bin/python3 m.py",
  },
  {
    name: "Python, 64 threads",
    needs: "/usr/bin/python3",
    script:
      "/usr/bin/python3 -c 'import concurrent.futures as c,time; print(len(list(c.ThreadPoolExecutor(64).map(lambda _: time.sleep(0.3), range(64)))))'",
  },
  {
    name: "PostgreSQL, 20 connections",
    needs: "/usr/lib/postgresql/15/bin/initdb",
    script:
      "B=/usr/lib/postgresql/15/bin; $B/initdb -D d -A trust -U me >/dev/null && $B/pg_ctl -s -D d -o \"-k $PWD -c listen_addresses=\" -l log start && for i in $(seq 20); do $B/psql -h $PWD -U me -c 'select pg_sleep(1)' postgres >/dev/null & done; wait; $B/pg_ctl -s -D d stop",
  },
  {
    name: "git gc",
    needs: "/usr/bin/git",
    script:
      "git init -q . && git config user.email a@b && git config user.name a && for i in $(seq 60); do echo $i > f$i; git add . && git commit -qm $i; done; git gc -q --aggressive",
  },
  { name: "xz -T8", needs: "/usr/bin/xz", script: "head -c 100000000 /dev/zero | xz -T8 -0 > a.xz" },
  {
    name: "go build",
    needs: "/usr/local/go/bin/go",
    script:
      "export HOME=$PWD PATH=$PATH:/usr/local/go/bin; printf 'package main\\nfunc main(){println(1)}\\n' > m.go; go mod init m 2>/dev/null; go build .",
  },
];
