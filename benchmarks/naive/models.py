"""The trades of the naive stack, as a tutorial would keep them."""

from __future__ import annotations

from django.db import models


class Trade(models.Model):
    objects: models.Manager[Trade] = models.Manager()

    external_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=32)
    side = models.CharField(max_length=4)
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    price = models.DecimalField(max_digits=38, decimal_places=18)
    fee = models.DecimalField(max_digits=38, decimal_places=18)
    strategy = models.CharField(max_length=64)
    executed_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "naive"
        ordering = ("-executed_at",)

    def __str__(self) -> str:
        return self.external_id
