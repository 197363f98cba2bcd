import type { Group } from "../program.js";

const JAVA = `cat > Main.java <<'E'
import java.util.stream.*;
public class Main { public static void main(String[] a) { System.out.println(IntStream.range(0, 1000).parallel().sum()); } }
E
javac Main.java && java Main`;

export const languages: Group = {
  name: "languages",
  title: "Languages",
  programs: [
    {
      name: "CPython",
      packages: ["python3"],
      script: `python3 -c "import multiprocessing as m; print(sum(m.Pool(4).map(abs, range(-10, 0))))"`,
      prints: "55",
    },
    {
      name: "Perl",
      packages: ["perl"],
      script: `perl -MList::Util=sum -MEncode -e 'defined(my $p = fork) or die; $p or exit 7; wait; print sum(1..10) + ($? >> 8), "\\n"'`,
      prints: "62",
    },
    {
      name: "Ruby",
      packages: ["ruby"],
      script: `ruby -rjson -e 'puts JSON.dump(4.times.map { |n| Thread.new { n * n } }.map(&:value))'`,
      prints: "[0,1,4,9]",
    },
    {
      name: "Node.js",
      packages: ["nodejs"],
      script: `node -e 'const { Worker } = require("worker_threads"); new Worker("require(\\"worker_threads\\").parentPort.postMessage(6*7)", { eval: true }).on("message", console.log)'`,
      prints: "42",
    },
    {
      name: "PHP",
      packages: ["php-cli"],
      script: `php -r 'file_put_contents("a", serialize([1,2])); echo array_sum(unserialize(file_get_contents("a"))), "\\n";'`,
      prints: "3",
    },
    { name: "Lua", packages: ["lua5.4"], script: `lua5.4 -e 'print(string.rep("ab", 3))'`, prints: "ababab" },
    {
      name: "Tcl",
      packages: ["tcl"],
      script: `echo 'puts [exec echo [expr {6 * 7}]]' | tclsh`,
      prints: "42",
    },
    { name: "OpenJDK 17 (javac, java)", packages: ["openjdk-17-jdk-headless"], script: JAVA, prints: "499500" },
    {
      name: "Go",
      packages: ["golang-go"],
      script: `cat > main.go <<'E'
package main
import "fmt"
func main() { c := make(chan int); for i := 0; i < 8; i++ { go func(n int) { c <- n * n }(i) }; s := 0; for i := 0; i < 8; i++ { s += <-c }; fmt.Println(s) }
E
go run main.go`,
      prints: "140",
      resources: { memory: "1GiB", disk: "1GiB", time: "5m" },
    },
    {
      name: "Rust (rustc)",
      packages: ["rustc", "gcc", "libc6-dev"],
      script: `echo 'fn main() { let t: Vec<_> = (0..4).map(|n| std::thread::spawn(move || n * n)).collect(); println!("{}", t.into_iter().map(|t| t.join().unwrap()).sum::<i32>()); }' > m.rs && rustc -O m.rs && ./m`,
      prints: "14",
      resources: { time: "5m" },
    },
    {
      name: "C (gcc)",
      packages: ["gcc", "libc6-dev"],
      script: `echo '#include <pthread.h>
#include <stdio.h>
static void *f(void *x) { *(int *)x += 41; return 0; }
int main(void) { int n = 1; pthread_t t; pthread_create(&t, 0, f, &n); pthread_join(t, 0); printf("%d", n); puts(""); }' > a.c && gcc -O2 -pthread a.c -o a && ./a`,
      prints: "42",
    },
    {
      name: "C++ (g++)",
      packages: ["g++"],
      script: `echo '#include <future>
#include <iostream>
int main() { auto f = std::async(std::launch::async, [] { return 42; }); std::cout << f.get() << std::endl; }' > a.cc && g++ -O2 -pthread a.cc -o a && ./a`,
      prints: "42",
      resources: { time: "3m" },
    },
    {
      name: "Fortran",
      packages: ["gfortran"],
      script: `printf 'program a\\n print "(I0)", sum([1,2,3])\\nend program\\n' > a.f90 && gfortran -fopenmp a.f90 -o a && ./a`,
      prints: "6",
    },
    {
      name: "Haskell (ghc)",
      packages: ["ghc"],
      script: `echo 'main = print (sum (takeWhile (< 50) (filter odd (map (^ 2) [1 ..]))))' > a.hs && ghc -v0 a.hs && ./a`,
      prints: "84",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "OCaml",
      packages: ["ocaml-nox"],
      script: `echo 'let () = print_int (List.fold_left (+) 0 [1;2;3]); print_newline ()' > a.ml && ocamlfind ocamlopt a.ml -o a 2>/dev/null || ocamlopt a.ml -o a; ./a`,
      prints: "6",
    },
    {
      name: "Erlang",
      packages: ["erlang-base"],
      script: `erl -noshell -eval 'P = self(), [spawn(fun() -> P ! N * N end) || N <- [1,2,3]], io:format("~p~n", [lists:sum([receive X -> X end || _ <- [1,2,3]])]), halt().'`,
      prints: "14",
    },
    {
      name: "R",
      packages: ["r-base-core"],
      script: `Rscript -e 'cat(median(1:3), "\\n", sep = "")'`,
      prints: "2",
    },
    {
      name: "Octave",
      packages: ["octave"],
      script: `octave-cli --eval 'printf("%d\\n", det(magic(3)))'`,
      prints: "-360",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "Common Lisp (sbcl)",
      packages: ["sbcl"],
      script: `sbcl --noinform --non-interactive --eval '(format t "~d~%" (reduce (function +) (list 1 2 3)))'`,
      prints: "6",
    },
    {
      name: "Guile",
      packages: ["guile-3.0"],
      script: `guile -c '(display (apply + (map (lambda (n) (* n n)) (list 1 2 3)))) (newline)'`,
      prints: "14",
    },
    {
      name: "Prolog (swipl)",
      packages: ["swi-prolog-nox"],
      script: `swipl -g 'findall(X, member(X, [1,2,3]), L), sum_list(L, S), writeln(S)' -t halt`,
      prints: "6",
    },
    {
      name: "C# (mono)",
      packages: ["mono-mcs", "mono-runtime"],
      script: `echo 'class A { static void Main() { System.Console.WriteLine(System.Threading.Tasks.Task.Run(() => 42).Result); } }' > a.cs && mcs a.cs && mono a.exe`,
      prints: "42",
      resources: { time: "3m" },
    },
    {
      name: "Assembly (nasm)",
      packages: ["nasm", "binutils"],
      script: `printf 'global _start\\nsection .data\\nm: db "42",10\\nsection .text\\n_start: mov eax,1\\nmov edi,1\\nmov rsi,m\\nmov edx,3\\nsyscall\\nmov eax,60\\nxor edi,edi\\nsyscall\\n' > a.s && nasm -f elf64 a.s && ld a.o -o a && ./a`,
      prints: "42",
    },
  ],
};
