"""Worlds and episodes over them: an immutable DuckDB base, and a copy-on-write session for each episode."""

from toolgym.database.base import Database, Rows
from toolgym.database.records import Record
from toolgym.database.schema import Schema, Table
from toolgym.database.session import Layer, Session
from toolgym.database.side_view import SideView
from toolgym.database.store import WorldStore

__all__ = ["Database", "Layer", "Record", "Rows", "Schema", "Session", "SideView", "Table", "WorldStore"]
