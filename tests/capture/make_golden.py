# Writes golden/*.npy with numpy, for export_test.cpp. Run from this folder when the arrays change.
import numpy as np

values = np.arange(24, dtype="<f4") / 7 - 1
np.save("golden/rank3.npy", values.reshape(2, 3, 4))
np.save("golden/rank1.npy", values[:5])
np.save("golden/rank0.npy", values[3])
