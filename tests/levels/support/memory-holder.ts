/**
 * A Java program that keeps 64 MiB and makes garbage beside it for as long as a heap of the machine's size would take
 * to fill.
 */
export const MEMORY_HOLDER = `
import java.util.ArrayList;
public class Holder {
  static volatile byte[] garbage;
  public static void main(String[] arguments) {
    var kept = new ArrayList<byte[]>();
    for (int i = 0; i < 64; i++) kept.add(new byte[1 << 20]);
    for (int i = 0; i < 2048; i++) { garbage = new byte[1 << 20]; java.util.Arrays.fill(garbage, (byte) i); }
    var runtime = Runtime.getRuntime();
    System.out.println(kept.size() + " " + runtime.availableProcessors() + " " + (runtime.maxMemory() >> 20));
  }
}
`;

/** What a Go program runs at once by default, and how many processors it counts. */
export const GO_COUNTER = `
package main

import (
	"fmt"
	"runtime"
)

func main() { fmt.Println(runtime.GOMAXPROCS(0), runtime.NumCPU()) }
`;
