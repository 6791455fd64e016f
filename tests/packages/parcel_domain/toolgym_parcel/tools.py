"""What both sides can do."""

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, tool


class ParcelTools(Toolkit):
    """The assistant's tools."""

    @tool(Effect.READ)
    def find_parcels(self, phone: str) -> list[Record]:
        """List the parcels of a recipient.

        Args:
            phone: The phone number, digits alone.
        """
        found = self.db.find("parcels", "phone", phone)
        if not found:
            raise ToolError(f"There is no parcel for {phone}")
        return [self._get("parcels", parcel) for parcel in found]

    @tool(Effect.READ)
    def list_lockers(self) -> list[Record]:
        """List all lockers with their streets."""
        return list(self.db.records("lockers"))

    @tool(Effect.WRITE)
    def forward_parcel(self, parcel_id: str, locker_id: str) -> Record:
        """Forward a parcel to another locker.

        Args:
            parcel_id: The parcel.
            locker_id: The locker to which it goes.
        """
        self._get("lockers", locker_id)
        if self._get("parcels", parcel_id)["locker_id"] == locker_id:
            raise ToolError(f"Parcel {parcel_id} is in {locker_id} already")
        parcel = self.db.edit("parcels", parcel_id)
        parcel["locker_id"] = locker_id
        return parcel

    @tool(Effect.WRITE)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel

    @tool(Effect.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand over to a colleague, only if the request is beyond the tools.

        Args:
            summary: What the recipient wants.
        """
        return "Transfer successful"

    def _get(self, table: str, key: str) -> Record:
        record = self.db.get(table, key)
        if record is None:
            raise ToolError(f"There is no {key!r} in {table}")
        return record


class RecipientTools(Toolkit):
    """The recipient's own phone."""

    @tool(Effect.READ)
    def check_notices(self) -> list[Record]:
        """List the notices on your phone."""
        return list(self.db.records("notices"))

    @tool(Effect.WRITE)
    def accept_notice(self, notice_id: str) -> Record:
        """Accept a notice.

        Args:
            notice_id: The notice.
        """
        if self.db.get("notices", notice_id) is None:
            raise ToolError(f"There is no notice {notice_id}")
        notice = self.db.edit("notices", notice_id)
        notice["accepted"] = True
        return notice
