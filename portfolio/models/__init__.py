from portfolio.models.equity import EquityCurve, EquityPoint, EquityState

__all__ = ["EquityCurve", "EquityPoint", "EquityState"]
