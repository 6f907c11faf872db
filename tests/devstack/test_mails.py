"""What `make run` prints of the mails it does not send."""

from email.message import EmailMessage

from imgapis.devstack.mails import MailWatcher


def write_mail(folder, name: str, text: str = "Your code is\n\n    123456\n", to: str = "new@example.com") -> None:
    """Write a message into the folder."""
    message = EmailMessage()
    message["To"], message["Subject"] = to, "Your code to sign in"
    message.set_content(text)
    (folder / name).write_bytes(bytes(message))


def test_a_new_mail_is_shown_once_with_its_code(tmp_path):
    mails = MailWatcher(tmp_path)
    write_mail(tmp_path, "1.eml")
    (summary,) = mails.new_messages()
    assert "Mail to new@example.com: Your code to sign in" in summary and "|     123456" in summary
    assert mails.new_messages() == []


def test_old_mails_and_half_written_ones_are_not_shown(tmp_path):
    write_mail(tmp_path, "old.eml")
    mails = MailWatcher(tmp_path)
    write_mail(tmp_path, "new.part")
    assert mails.new_messages() == []


def test_a_folder_that_is_made_later_is_seen(tmp_path):
    mails = MailWatcher(tmp_path / "mail")
    assert mails.new_messages() == []
    (tmp_path / "mail").mkdir()
    write_mail(tmp_path / "mail", "1.eml")
    assert len(mails.new_messages()) == 1


def test_a_mail_cannot_steer_the_terminal(tmp_path):
    mails = MailWatcher(tmp_path)
    write_mail(tmp_path, "1.eml", text="\x1b[2Jgone\n")
    (summary,) = mails.new_messages()
    assert "\x1b" not in summary and "gone" in summary
