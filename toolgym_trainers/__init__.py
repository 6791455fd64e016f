"""Trainers of policies: small causal language models that learn from the episodes that they play.

The core, ``toolgym``, never imports this package. What is here imports torch only where it is used: the record of a
rollout (:mod:`toolgym_trainers.record`) and the figures of a batch of them (:mod:`toolgym_trainers.rollout_figures`)
can be read anywhere.
"""
