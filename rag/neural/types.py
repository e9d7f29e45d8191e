"""Names for the arrays that rag.neural passes around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
IdArray = NDArray[np.int32]
