"""The pages of accounts."""

from django.urls import path

from accounts.views import account, keys, login, team, workspaces

urlpatterns = [
    path("login", login.login, name="login"),
    path("login/code", login.login_code, name="login-code"),
    path("signup", login.signup, name="signup"),
    path("logout", login.logout, name="logout"),
    path("account", account.account, name="account"),
    path("account/sessions/revoke", account.end_sessions, name="account-sessions"),
    path("account/email", account.change_email, name="account-email"),
    path("account/email/code", account.prove_email, name="account-email-code"),
    path("account/confirm", account.confirm, name="confirm"),
    path("invites/<str:token>", team.accept, name="invite"),
    path("invites/<str:workspace_id>/<str:invite_id>", team.accept_offer, name="invite-accept"),
    path("workspaces", workspaces.listed, name="workspaces"),
    path("workspaces/new", workspaces.create, name="workspace-new"),
    path("w/<slug:namespace>/settings", workspaces.settings, name="settings"),
    path("w/<slug:namespace>/team", team.team, name="team"),
    path("w/<slug:namespace>/team/leave", team.leave, name="team-leave"),
    path("w/<slug:namespace>/team/transfer", team.transfer, name="team-transfer"),
    path("w/<slug:namespace>/team/<str:person_id>/role", team.change_role, name="member-role"),
    path("w/<slug:namespace>/team/<str:person_id>/remove", team.remove, name="member-remove"),
    path("w/<slug:namespace>/invites/<str:invite_id>/resend", team.resend_invite, name="invite-resend"),
    path("w/<slug:namespace>/invites/<str:invite_id>/revoke", team.revoke_invite, name="invite-revoke"),
    path("w/<slug:namespace>/audit", team.audit_log, name="audit"),
    path("w/<slug:namespace>/keys", keys.keys, name="keys"),
    path("w/<slug:namespace>/keys/<str:prefix>/revoke", keys.revoke, name="key-revoke"),
]
