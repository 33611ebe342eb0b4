"""The same Idempotency-Key changes nothing twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.models import IdempotentAnswer, User
from accounts.services.idempotency import once
from kernel.access import LOGGED_IN
from kernel.errors import Invalid


class Creating(APIView):
    """Makes a user named as the body says: a change whose copies can be counted."""

    access = LOGGED_IN

    def post(self, request):
        return once(request, lambda: self.make(request.data["name"]))

    def make(self, name):
        with transaction.atomic():
            made = User.objects.create(username=f"made-{name}-{User.objects.count()}")
        if name == "bad":
            raise Invalid("No.", code="no")
        if name == "refused":
            return Response({"no": True}, status=409)
        if name == "broken":
            raise RuntimeError("a fault of the code")
        return Response({"id": made.pk}, status=201, headers={"Location": "/x"})


def post(user, body, key="k1", path="/api/things"):
    headers = {"Idempotency-Key": key} if key is not None else {}
    request = APIRequestFactory().post(path, body, format="json", headers=headers)
    force_authenticate(request, user=user)
    answer = Creating.as_view()(request)
    if hasattr(answer, "render"):
        answer.render()
    return answer


def made():
    return User.objects.filter(username__startswith="made-").count()


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_a_repeat_gets_the_same_answer(self, person):
        ada = person("ada")
        first, second = post(ada, {"name": "x"}), post(ada, {"name": "x"})
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert second["Location"] == "/x"
        assert second["Idempotency-Replayed"] == "true"
        assert made() == 1

    def test_without_the_header_each_is_new(self, person):
        ada = person("ada")
        post(ada, {"name": "x"}, key=None)
        post(ada, {"name": "x"}, key=None)
        assert made() == 2

    def test_the_order_of_fields_does_not_matter(self, person):
        ada = person("ada")
        post(ada, {"name": "x", "more": [1, {"a": 1, "b": 2}]})
        again = post(ada, {"more": [1, {"b": 2, "a": 1}], "name": "x"})
        assert (again.status_code, made()) == (201, 1)

    def test_another_body_is_refused(self, person):
        ada = person("ada")
        post(ada, {"name": "x"})
        assert post(ada, {"name": "y"}).status_code == 422
        assert made() == 1

    def test_the_key_belongs_to_person_and_path(self, person):
        post(person("ada"), {"name": "x"})
        post(person("bob"), {"name": "x"})
        post(User.objects.get(username="ada"), {"name": "x"}, path="/api/others")
        assert made() == 3

    @pytest.mark.parametrize("name", ["bad", "refused"])
    def test_an_error_undoes_the_change_and_keeps_nothing(self, person, name):
        ada = person("ada")
        for _ in range(2):
            assert post(ada, {"name": name}).status_code in {409, 422}
        assert (made(), IdempotentAnswer.objects.count()) == (0, 0)

    def test_a_fault_of_the_code_frees_the_key(self, person):
        ada = person("ada")
        for _ in range(2):
            with pytest.raises(RuntimeError):
                post(ada, {"name": "broken"})
        assert (made(), IdempotentAnswer.objects.count()) == (0, 0)

    def test_after_a_day_the_key_is_free(self, person):
        ada = person("ada")
        post(ada, {"name": "x"})
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert post(ada, {"name": "y"}).status_code == 201
        assert made() == 2

    @pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
    def test_a_silly_key_is_a_400(self, person, key):
        assert post(person("ada"), {"name": "x"}, key=key).status_code == 400

    def test_when_its_worker_died_the_next_inherits_it_at_once(self, person):
        ada = person("ada")
        post(ada, {"name": "x"})
        IdempotentAnswer.objects.update(status=None)
        assert post(ada, {"name": "x"}).status_code == 201
        assert made() == 2


@pytest.fixture
def slowly(monkeypatch):
    """A worker that is held up in the midst of his work; `go` lets him on."""
    at_work, go = threading.Event(), threading.Event()
    make = Creating.make

    def held_up(self, name):
        at_work.set()
        assert go.wait(20)
        return make(self, name)

    def start(ada):
        monkeypatch.setattr(Creating, "make", held_up)
        answers = []

        def work():
            answers.append(post(ada, {"name": "x"}))
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        assert at_work.wait(20)
        return thread, answers

    yield start, go
    go.set()


@pytest.mark.django_db(transaction=True)
def test_while_somebody_works_on_it_it_is_a_409(person, slowly):
    ada = person("ada")
    start, go = slowly
    thread, answers = start(ada)
    busy = post(ada, {"name": "x"})
    assert (busy.status_code, busy["Retry-After"]) == (409, "1")
    go.set()
    thread.join()
    assert answers[0].status_code == 201
    assert post(ada, {"name": "x"})["Idempotency-Replayed"] == "true"
    assert made() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_changes_something(person):
    """Real threads with connections of their own, on either engine."""
    ada = person("ada")
    gate, statuses = threading.Barrier(6), []

    def race():
        gate.wait()
        statuses.append(post(ada, {"name": "x"}).status_code)
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made() == 1
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
