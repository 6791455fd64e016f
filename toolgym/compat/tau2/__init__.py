"""tau2-bench: its data read, its results written, its answers compared with ours."""

from toolgym.compat.tau2.data import data_dir, load_domain
from toolgym.compat.tau2.results import write_results
from toolgym.compat.tau2.results_in import ResultsFile, read_results
from toolgym.compat.tau2.rules import TAU2

__all__ = ["TAU2", "ResultsFile", "data_dir", "load_domain", "read_results", "write_results"]
