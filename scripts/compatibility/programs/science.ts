import type { Group } from "../program.js";

export const science: Group = {
  name: "science",
  title: "Machine learning and computing",
  programs: [
    {
      name: "NumPy, SciPy",
      packages: ["python3-numpy", "python3-scipy"],
      script: `python3 -c 'import numpy, scipy.linalg; a = numpy.eye(200) * 2; print(int(scipy.linalg.inv(a).sum()))'`,
      prints: "100",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "pandas",
      packages: ["python3-pandas"],
      script: `python3 -W ignore -c 'import pandas; print(pandas.DataFrame({"a": [1, 2, 3]}).a.sum())'`,
      prints: "6",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "scikit-learn (parallel)",
      packages: ["python3-sklearn"],
      script: `python3 -W ignore -c '
from sklearn.ensemble import RandomForestClassifier as F
from sklearn.datasets import load_iris
x, y = load_iris(return_X_y=True)
print(F(n_jobs=2, random_state=0).fit(x, y).score(x, y) > 0.9)'`,
      prints: "True",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "PyTorch (a DataLoader with workers)",
      packages: ["python3-torch"],
      script: `python3 -W ignore -c '
import torch
from torch.utils.data import DataLoader, TensorDataset
d = DataLoader(TensorDataset(torch.arange(100.)), batch_size=10, num_workers=2)
print(int(sum(b.sum() for b, in d)))'`,
      prints: "4950",
      resources: { memory: "2GiB", pids: 256, time: "10m" },
    },
    {
      name: "OpenCV",
      packages: ["python3-opencv"],
      script: `python3 -c 'import cv2, numpy; print(cv2.resize(numpy.zeros((8, 8, 3), numpy.uint8), (4, 4)).shape[0])'`,
      prints: "4",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "Jupyter (a notebook run by its kernel)",
      packages: ["jupyter-nbconvert", "python3-ipykernel"],
      script: `export HOME=$PWD; echo '{"cells":[{"cell_type":"code","metadata":{},"execution_count":null,"outputs":[],"source":"print(6*7)"}],"metadata":{"kernelspec":{"name":"python3","display_name":"p","language":"python"}},"nbformat":4,"nbformat_minor":4}' > a.ipynb && jupyter nbconvert --to notebook --execute a.ipynb --stdout 2>/dev/null | tr -d ' "' | sed -n 's/^\\(42\\)\\\\n$/\\1/p'`,
      prints: "42",
      resources: { memory: "1GiB", pids: 128, time: "5m" },
    },
    {
      name: "Open MPI",
      packages: ["openmpi-bin", "libopenmpi-dev", "gcc", "libc6-dev"],
      script: `echo '#include <mpi.h>
#include <stdio.h>
int main(int c, char **v) { int r, s; MPI_Init(&c, &v); MPI_Comm_rank(MPI_COMM_WORLD, &r); r++; MPI_Reduce(&r, &s, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD); if (r == 1) printf("%d", s), puts(""); MPI_Finalize(); }' > a.c && mpicc a.c -o a && mpirun --oversubscribe -n 3 ./a 2>/dev/null`,
      prints: "6",
      resources: { memory: "1GiB", pids: 128, time: "5m" },
      fails: {
        gvisor:
          "mpirun finds no interface to listen on, as with bare runsc: gVisor's SIOCGIFADDR leaves out the family of the address (findings/gvisor-loopback-without-family.sh)",
      },
    },
  ],
};
