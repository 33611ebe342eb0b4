from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from axes.signals import user_locked_out

        from accounts.queries import actor_names
        from accounts.services.limits import check_export
        from accounts.services.lockout import record
        from accounts.services.roles import sync
        from kernel.registry import ACTOR_NAMES, EXPORT_COUNTERS

        # Permissions need the tables of auth and contenttypes, whose own handlers
        # have run by then: post_migrate is sent after all migrations.
        post_migrate.connect(sync, sender=self, dispatch_uid="accounts.roles")
        user_locked_out.connect(record, dispatch_uid="accounts.lockout")
        if actor_names not in ACTOR_NAMES:
            ACTOR_NAMES.append(actor_names)
        if check_export not in EXPORT_COUNTERS:
            EXPORT_COUNTERS.append(check_export)
