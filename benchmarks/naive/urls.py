"""ModelSerializer, django-ratelimit and simplejwt, put together as their guides say."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.decorators import method_decorator
from django_ratelimit.decorators import ratelimit
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenObtainPairView

from benchmarks.naive.models import Trade

# The seed's three windows, too wide to be reached here: their cost counts.
WINDOWS = ("100000/s", "1000000/m", "10000000/h")


class TradeSerializer(serializers.ModelSerializer[Trade]):
    class Meta:
        model = Trade
        fields = "__all__"


class Trades(generics.ListAPIView[Trade]):
    queryset = Trade.objects.all()
    serializer_class = TradeSerializer

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


for window in WINDOWS:
    limit = ratelimit(key="header:authorization", rate=window, group=window)
    Trades = method_decorator(limit, name="dispatch")(Trades)  # type: ignore[misc]

urlpatterns = [
    path("api/token", TokenObtainPairView.as_view()),
    path("api/trades", Trades.as_view()),
]
