"""What must hold of jobs, pictures and bills besides what was told of them."""

from libs.common.recovery.audit import Audit
from libs.contracts.dex import DexCreated, DexDeleted, DexUpdated
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from services.vision.audit import bills, copies, files, jobs, memories
from services.vision.models import RefDexEntry, RefFriendship

audit = Audit()

audit.asks(jobs.no_job_is_stuck)
audit.asks(jobs.every_job_was_told_of_as_it_is)
audit.asks(jobs.every_job_has_one_result)
audit.asks(jobs.no_conversion_is_asked_about_twice)
audit.asks(jobs.no_upload_is_taken_twice)

audit.asks(bills.every_job_bears_what_its_calls_cost)
audit.asks(bills.every_call_has_an_end)
audit.asks_about("I10")(bills.no_call_is_paid_for_twice)

audit.keeps_files(files.files_of_pictures)
audit.keeps_files(files.originals)
audit.keeps_files(files.discarded)
audit.asks(files.uploads_are_private)
audit.asks(files.discarded_files_go)
audit.asks_about("U4")(files.nothing_is_left_of_a_player)

audit.compares(RefDexEntry, DexCreated, DexUpdated, DexDeleted, made=copies.of_entry)
audit.compares(RefFriendship, FriendshipUpdated, FriendshipDeleted)

audit.remembers("job", memories.IMPLIED)(memories.jobs)
audit.remembers("conversion", counted=False)(memories.conversions)
