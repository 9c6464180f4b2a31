"""The room's thresholds: documented defaults, replaced by one configuration row."""

from dataclasses import dataclass

from functions.tracking.rules.calls import Provider


@dataclass(frozen=True)
class Policy:
    """Thresholds of tracking; seconds, metres and days as the names say."""

    opens_before_s: int = 3 * 60 * 60
    """How long before its start a visit accepts milestones, check-ins and positions."""
    closes_after_s: int = 2 * 60 * 60
    """How long after its planned end a visit accepts check-ins and positions."""
    clock_skew_s: int = 2 * 60
    """How far a phone's clock may run ahead of ours, or differ from it before its times are corrected."""
    clock_doubt_s: int = 10 * 60
    """A phone whose clock differs by more is flagged to staff."""
    correct_within_s: int = 30 * 60
    """How long after recording a milestone its companion may correct the time; later only staff do."""
    lapses_after_s: int = 6 * 60 * 60
    """How long after its planned end a visit that nobody ended is looked at by the system."""
    offline_max_s: int = 3 * 24 * 60 * 60
    """How old a check-in may be when a phone without network hands it in; older is refused as a mistake."""
    accuracy_cap_m: int = 100
    """A check-in whose reading is less exact than this proves nothing (F22)."""
    cell_resolution: int = 8
    """H3 resolution of the shared cell: 8 is about 0.7 km² (F9)."""
    share_interval_s: int = 60
    """The shared cell changes at most once in this time, and its instant is rounded down to it."""
    share_settle_readings: int = 5
    """A neighbouring cell is shown once so many intervals in a row were read there: jitter at an edge shows nothing."""
    share_accuracy_cap_m: int = 200
    """A reading less exact than this does not move the shared cell; it is kept as evidence."""
    trail_days: int = 90
    """How long exact positions are kept."""
    emergency_join_s: int = 30 * 60
    """How long another press joins the emergency call that is open; later it is another emergency (F34)."""

    call_provider: Provider = Provider.TRTC
    """Whose rooms video calls use (F13); WeChat's own lets in nobody who did not sign in with WeChat, so no guests."""
    ring_timeout_s: int = 45
    """How long a call rings before it is missed."""
    call_max_s: int = 2 * 60 * 60
    """A call that nobody hung up is closed after this long; credentials are good for as long."""
    call_parties: int = 6
    """How many people may be in a call at once."""
    chat_closes_after_s: int = 7 * 24 * 60 * 60
    """How long after a visit's end its conversation takes messages (F12)."""
    chat_recall_s: int = 2 * 60
    """How long after others saw a message its sender may take it back."""
    chat_check_timeout_s: int = 2 * 60
    """A message that the content check has not judged by then is looked at by staff."""
    chat_unchecked: int = 20
    """How many messages of one sender may wait for their check."""
    no_show_wait_s: int = 30 * 60
    """How long the one who came waits for the other, from the planned start or the later arrival (B4)."""
    no_show_answer_s: int = 10 * 60
    """How long somebody who is said to be absent has at least to answer."""
    no_show_presence_s: int = 60 * 60
    """A companion's check-in proves the waiting only if it is not older than this at the planned start."""
    overtime_max_min: int = 8 * 60
    """How much overtime may be agreed upon in one visit (B9); the free minutes and the rate are the order's own."""
    extras_after_end_s: int = 2 * 24 * 60 * 60
    """How long after a visit's end its overtime and expenses may still be claimed."""
    expense_max_fen: int = 200_000
    """The most that a companion may lay out in one go."""
    expenses_max_fen: int = 500_000
    """The most that a companion may lay out in one visit."""
    speed_cap_mps: int = 60
    """Two readings that imply a higher speed are a jump: kept, flagged, shown to nobody."""

    def __post_init__(self) -> None:
        positive = (
            *(self.share_interval_s, self.accuracy_cap_m, self.share_accuracy_cap_m, self.trail_days),
            *(self.no_show_wait_s, self.no_show_answer_s, self.overtime_max_min, self.extras_after_end_s),
            *(self.expense_max_fen, self.expenses_max_fen, self.share_settle_readings, self.speed_cap_mps),
        )
        others = (
            *(self.opens_before_s, self.closes_after_s, self.clock_skew_s, self.offline_max_s),
            *(self.no_show_presence_s,),
        )
        chat = (self.chat_closes_after_s, self.chat_recall_s, self.chat_check_timeout_s)
        if min(chat) <= 0 or not 1 <= self.chat_unchecked <= 20:
            raise ValueError("tracking policy: a limit of the conversation is out of range")
        clocks = (self.clock_doubt_s, self.correct_within_s, self.lapses_after_s)
        if min(positive) <= 0 or min(*others, *clocks) < 0:
            raise ValueError("tracking policy: a duration or distance is out of range")
        if not 5 <= self.cell_resolution <= 9:
            raise ValueError("tracking policy: a shared cell is of resolution 5 to 9, never finer")
