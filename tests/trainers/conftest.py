"""What pytest need not look into: helpers without examples, which cannot be imported without the extra ``train``."""

collect_ignore = [
    "killed_bootstrap.py",
    "killed_run.py",
    "killed_training.py",
    "small_models.py",
    "small_policies.py",
    "tool_templates.py",
]
