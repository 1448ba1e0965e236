from joblib import Parallel, delayed

offset = 1
print(Parallel(n_jobs=2)(delayed(lambda n: n + offset)(n) for n in [1, 2]))
