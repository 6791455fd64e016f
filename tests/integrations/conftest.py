"""What pytest need not look into: helpers without examples, which cannot be imported without the extra ``train``."""

collect_ignore = ["openrlhf_engine.py", "openrlhf_program.py"]
