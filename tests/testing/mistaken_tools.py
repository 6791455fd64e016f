"""Tools with a mistake each."""

from __future__ import annotations

import itertools

from toolgym_parcel.tools import ParcelTools

from toolgym.database import Record
from toolgym.tools import Effect, tool

_COUNTER = itertools.count()


class Undocumented(ParcelTools):
    @tool(Effect.READ)
    def list_streets(self) -> list[str]:
        return [locker["street"] for locker in self.db.records("lockers")]


class Untyped(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id) -> str:  # type: ignore[no-untyped-def]  # the mistake that is planted
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return str(self._get("lockers", locker_id)["street"])


class Undescribed(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker."""
        return str(self._get("lockers", locker_id)["street"])


class Stealthy(ParcelTools):
    @tool(Effect.READ)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class StealthyBesideTheGold(ParcelTools):
    @tool(Effect.READ)
    def look_at(self, parcel_id: str) -> Record:
        """Look at a parcel, which no gold call does.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class Credulous(ParcelTools):
    @tool(Effect.WRITE)
    def forward_parcel(self, parcel_id: str, locker_id: str) -> Record:
        """Forward a parcel to another locker.

        Args:
            parcel_id: The parcel.
            locker_id: The locker to which it goes.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["locker_id"] = locker_id
        return parcel


class Idle(ParcelTools):
    @tool(Effect.WRITE)
    def list_lockers(self) -> list[Record]:
        """List all lockers with their streets."""
        return list(self.db.records("lockers"))


class RaisesKeyError(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return {"L1": "Mill Lane"}[locker_id]


class Counting(ParcelTools):
    @tool(Effect.READ)
    def ticket(self) -> int:
        """Draw a ticket."""
        return next(_COUNTER)


class Misspelt(ParcelTools):
    @tool(Effect.READ)
    def list_lockers(self) -> list[Record]:
        """List all lockers with their streets."""
        return list(self.db.records("locker"))


class Referring(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel that `look_up` found.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class Changing(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        parcel = self._get("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class Numbering(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"], parcel["sender"] = "held", f"{parcel['sender']} {next(_COUNTER)}"
        return {"held": parcel_id}


class Misnaming(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["state"] = "held"
        return parcel


class Overstating(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "on hold"
        return parcel


class Fragile(ParcelTools):
    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        if parcel_id == "P0":
            raise KeyError(parcel_id)
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel
