"""tau2-bench: its data read, its results written, its answers compared with ours."""

from toolgym.compat.tau2.data import data_dir, load_domain
from toolgym.compat.tau2.results import write_results

__all__ = ["data_dir", "load_domain", "write_results"]
