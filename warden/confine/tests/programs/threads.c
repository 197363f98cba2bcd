#include <pthread.h>
#include <stdio.h>

static void *work(void *sum) {
  __sync_fetch_and_add((int *)sum, 1);
  return sum;
}

int main(void) {
  int sum = 0;
  pthread_t threads[8];
  for (int i = 0; i < 8; i++)
    if (pthread_create(&threads[i], 0, work, &sum)) return 1;
  for (int i = 0; i < 8; i++) pthread_join(threads[i], 0);
  printf("%d threads\n", sum);
}
