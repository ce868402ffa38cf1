"""DynamoDB on-demand backups."""

import moto.dynamodb.models.table as dynamo
from moto.dynamodb.exceptions import DynamodbException
from moto.dynamodb.models import DynamoDBBackend

from emulator import around, clock

# A backup is CREATING for so many seconds, during which it cannot be deleted or restored from. moto's are AVAILABLE at once.
# Drop when moto has state transitions for backups.


def status(self):
    waiting = self.lab_status == "AVAILABLE" and not clock.is_over(self.lab_ready_at)
    return "CREATING" if waiting else self.lab_status


def set_status(self, value):
    if not hasattr(self, "lab_ready_at"):
        self.lab_ready_at = clock.ready_at()
    self.lab_status = value


dynamo.Backup.status = property(status, set_status)


class BackupInUse(DynamodbException):
    error_type = "com.amazonaws.dynamodb.v20120810#BackupInUseException"

    def __init__(self, arn):
        super().__init__(self.error_type, f"Backup is being created or deleted: {arn}")


@around(DynamoDBBackend, "create_backup")
def create_backup(original, self, *args, **kwargs):
    backup = original(self, *args, **kwargs)
    backup.creation_date_time -= clock.snapshot_age
    return backup


def refused_while_creating(method):
    @around(DynamoDBBackend, method)
    def checked(original, self, *args, **kwargs):
        arn = kwargs.get("backup_arn") or args[-1]
        if arn in self.backups and self.backups[arn].status == "CREATING":
            raise BackupInUse(arn)
        return original(self, *args, **kwargs)


refused_while_creating("delete_backup")
refused_while_creating("restore_table_from_backup")
