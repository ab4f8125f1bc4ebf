"""Letters set by processes of their own are the same letters, and one that fails takes no other with it."""

from __future__ import annotations

import io
import os
import pickle
import signal
import time
from dataclasses import replace

from evaka import city
from evaka.letters import pdf
from evaka.letters.fee import fee_letter
from evaka.letters.letter import Text
from evaka.letters.press import Fault, Press, cores, main
from tests.letters import examples

LETTER = fee_letter(examples.FEE, "fi")
BROKEN = replace(LETTER, body=(*LETTER.body, "no block at all"))
OTHER = replace(LETTER, body=(Text("Kuulemme asiasta."),))


def test_processes_set_the_same_bytes_in_the_order_asked():
    with Press(2) as press:
        promised = [press.submit([LETTER, OTHER]), press.submit([OTHER]), press.submit([])]
        assert [one.result() for one in promised] == [[pdf(LETTER), pdf(OTHER)], [pdf(OTHER)], []]


def test_without_processes_who_asks_sets_them():
    with Press(0) as press:
        assert press.submit([OTHER]).result() == [pdf(OTHER)]


def test_a_letter_that_cannot_be_set_is_named_by_its_fault_and_the_others_are_set():
    with Press(1) as press:
        assert press.submit([OTHER, BROKEN, OTHER]).result() == [pdf(OTHER), Fault("TypeError"), pdf(OTHER)]


def test_a_process_that_dies_is_replaced_and_its_letters_are_set_all_the_same():
    with Press(1) as press:
        process = press.idle.get()
        press.idle.put(process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert press.submit([OTHER]).result() == [pdf(OTHER)]
        assert press.submit([OTHER]).result() == [pdf(OTHER)]


def test_no_process_outlives_its_press():
    with Press(1) as press:
        process = press.idle.get()
        press.idle.put(process)
        press.submit([OTHER])
    assert process.returncode is not None
    with Press(2) as killed:
        processes = [killed.idle.get() for _ in range(2)]
        for one in processes:  # as when the program that started them is killed: its ends of the pipes close
            one.stdin.close()
        until = time.monotonic() + 120
        while any(one.poll() is None for one in processes) and time.monotonic() < until:
            time.sleep(0.05)
        assert [one.returncode for one in processes] == [0, 0]
        for one in processes:
            killed.idle.put(one)


def test_a_process_serves_until_its_input_ends():
    answers = io.BytesIO()
    main(city.chosen(), io.BytesIO(pickle.dumps([OTHER]) + pickle.dumps([BROKEN])), answers)
    answers.seek(0)
    assert [pickle.load(answers), pickle.load(answers)] == [[pdf(OTHER)], [Fault("TypeError")]]
    assert cores() >= 1
