from django.apps import AppConfig
from django.db.backends.signals import connection_created


class KernelConfig(AppConfig):
    name = "kernel"
    verbose_name = "Kernel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import converters, outage_notes
        from kernel.fields import teach_sqlite

        converters.register()
        connection_created.connect(teach_sqlite, dispatch_uid="kernel.exact-sum")
        connection_created.connect(
            outage_notes.answered, dispatch_uid="kernel.outage-is-over"
        )
