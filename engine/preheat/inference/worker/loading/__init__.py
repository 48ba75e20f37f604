"""Parts of a load that run next to llama.cpp's own."""

from preheat.inference.worker.loading.basis import TextBasis as TextBasis
from preheat.inference.worker.loading.basis import stored_identity as stored_identity
from preheat.inference.worker.loading.control import LoadControl as LoadControl
from preheat.inference.worker.loading.control import StageClock as StageClock
