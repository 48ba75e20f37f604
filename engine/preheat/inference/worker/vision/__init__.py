"""Images in prompts."""

from __future__ import annotations

from preheat.inference.worker.vision.encoder import MAX_IMAGES as MAX_IMAGES
from preheat.inference.worker.vision.encoder import EncodedImage as EncodedImage
from preheat.inference.worker.vision.encoder import VisionEncoder as VisionEncoder
from preheat.inference.worker.vision.image_header import MAX_IMAGE_BYTES as MAX_IMAGE_BYTES
from preheat.inference.worker.vision.image_header import check_image as check_image
