"""The worker: one task's fault, whatever it is, stops neither the others nor itself."""

from imgapis.management.commands.work import Task


def test_a_task_that_breaks_in_a_way_nobody_thought_of_is_tried_again_after_its_pause():
    attempts = []

    def breaks():
        attempts.append(1)
        raise RuntimeError("unforeseen")

    task = Task("breaking", breaks, 0.0, "task_failed")
    for _ in range(3):
        task.run(task.due + 1)
    assert len(attempts) == 3
