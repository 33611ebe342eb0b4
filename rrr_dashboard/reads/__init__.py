"""Answers that are asked for again and again, given without computing them again.

A request is a read of the hot list with a valid access token. Its answer is kept in
this process and given again while nothing was written that it came from; whether the
person may ask, and as often, is decided for each request anew.
"""
