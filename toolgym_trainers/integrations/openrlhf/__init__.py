"""OpenRLHF 0.11.2: it samples, and learns; episodes, rewards and tasks are ours.

:mod:`~toolgym_trainers.integrations.openrlhf.agent` is the file that its ``--train.agent_func_path`` names,
:mod:`~toolgym_trainers.integrations.openrlhf.prompts` writes its data set, and
:mod:`~toolgym_trainers.integrations.openrlhf.trainer` runs it between the rounds of a curriculum.
"""
