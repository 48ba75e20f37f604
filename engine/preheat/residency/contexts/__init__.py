"""Context lengths: what ``auto`` means for each model, and what requests have needed beyond it."""

from preheat.residency.contexts.choice import ContextChoice as ContextChoice
from preheat.residency.contexts.lengths import ContextLengths as ContextLengths
