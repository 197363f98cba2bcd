public class Threads {
  public static void main(String[] arguments) throws Exception {
    Thread thread = new Thread(() -> System.out.println("thread"));
    thread.start();
    thread.join();
    Process child = new ProcessBuilder("echo", "child").start();
    System.out.print(new String(child.getInputStream().readAllBytes()));
  }
}
