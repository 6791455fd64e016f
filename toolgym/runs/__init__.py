"""What was played, kept: the run store, and its tables."""

from toolgym.runs.files import MANIFEST, read_manifest, read_trajectories
from toolgym.runs.query import Answer, query
from toolgym.runs.run import Run, cost_of
from toolgym.runs.table_definitions import TABLES
from toolgym.runs.tables import Tools, columns, open_tables

__all__ = [
    "MANIFEST",
    "TABLES",
    "Answer",
    "Run",
    "Tools",
    "columns",
    "cost_of",
    "open_tables",
    "query",
    "read_manifest",
    "read_trajectories",
]
