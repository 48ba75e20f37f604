"""Speculation by prompt lookup: likely next tokens of an answer, without a second model. Pure.

An answer often repeats its prompt: the file that it edits, the text that it quotes. Where its last tokens have occurred
before, the tokens that followed them are a draft. The model verifies a whole draft in one step.
"""

from preheat.inference.worker.drafts.costs import Offer as Offer
from preheat.inference.worker.drafts.costs import StepCosts as StepCosts
from preheat.inference.worker.drafts.drafter import Drafter as Drafter
from preheat.inference.worker.drafts.lookup import MIN_MATCH as MIN_MATCH
from preheat.inference.worker.drafts.lookup import PromptLookup as PromptLookup
