"""Accounts and sessions through the unmodified `supabase` client: what it sends is answered, and what it reads is there."""
import base64
import json

import pytest
from supabase import Client, ClientOptions, create_client
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from conftest import connect

PASSWORD = "correct horse battery"


def client(server, key=None) -> Client:
    return create_client(server.url, key or server.anon_key, ClientOptions(auto_refresh_token=False, persist_session=False))


def sql(server, query, *given):
    with connect(server.database) as database:
        return database.execute(query, given).fetchone()[0]


def refusal(call):
    """(status, code) of what the client raises."""
    with pytest.raises(AuthApiError) as raised:
        call()
    return raised.value.status, raised.value.code


def signed_up(server, email):
    one = client(server)
    one.auth.sign_up({"email": email, "password": PASSWORD})
    return one


def test_an_account_from_sign_up_to_sign_out(server):
    ann = client(server)
    made = ann.auth.sign_up({"email": "Ann@Example.com", "password": PASSWORD, "options": {"data": {"name": "Ann"}}})
    assert made.session.token_type == "bearer" and made.session.expires_in == 3600
    assert made.user.email == "ann@example.com" and made.user.user_metadata == {"name": "Ann"} and made.user.aud == "authenticated"
    assert made.user.email_confirmed_at and not made.user.is_anonymous
    assert made.user.identities[0].provider == "email" and made.user.identities[0].user_id == made.user.id
    # Signed in: the other parts of the client act as the user.
    site = ann.rpc("create_site", {"name": "shop"}).execute().data
    assert ann.table("sites").select("site_id,name").execute().data == [{"site_id": site, "name": "shop"}]
    assert ann.auth.get_user().user.id == made.user.id
    claims = ann.auth.get_claims()["claims"]
    assert claims["sub"] == made.user.id and claims["aal"] == "aal1" and claims["amr"][0]["method"] == "password"
    assert ann.auth.get_user_identities().identities[0].id == made.user.id
    again = client(server)
    session = again.auth.sign_in_with_password({"email": "ann@example.com", "password": PASSWORD}).session
    assert session.user.last_sign_in_at and session.access_token != made.session.access_token
    held = client(server)
    held.auth.set_session(session.access_token, session.refresh_token)
    assert held.auth.get_user().user.id == made.user.id
    again.auth.sign_out({"scope": "local"})
    with pytest.raises(AuthApiError):
        client(server).auth.get_user(session.access_token)
    assert ann.auth.get_user().user.id == made.user.id  # the other session lives
    ann.auth.sign_out()
    assert ann.auth.get_session() is None
    assert refusal(lambda: client(server).auth.get_user(made.session.access_token)) == (403, "session_not_found")


def test_scopes_of_logout_and_what_an_ended_session_reads(server):
    people = [signed_up(server, "bob@example.com")]
    for _ in range(3):
        people.append(client(server))
        people[-1].auth.sign_in_with_password({"email": "bob@example.com", "password": PASSWORD})
    tokens = [person.auth.get_session().access_token for person in people]

    def alive():
        # Also of a table that has no rows, where no policy would ever be asked.
        statuses = [[server.request(path, token=token)[0] for path in ("/rest/v1/sites", "/rest/v1/funnels")] for token in tokens]
        assert all(both in ([200, 200], [401, 401]) for both in statuses), statuses
        return [number for number, (status, _) in enumerate(statuses) if status == 200]

    assert alive() == [0, 1, 2, 3]
    people[0].auth.sign_out({"scope": "local"})
    assert alive() == [1, 2, 3]
    people[1].auth.sign_out({"scope": "others"})
    assert alive() == [1]
    people[1].auth.sign_out({"scope": "global"})
    assert alive() == []
    status, answer = server.request("/rest/v1/sites", token=tokens[0])
    assert (status, answer["code"]) == (401, "PGRST303")
    for path, body in (("/rest/v1/rpc/get_crm_metrics", {"site": "shop"}), ("/rest/v1/rpc/create_site", {"name": "x"})):
        assert server.request(path, body, token=tokens[0])[0] == 401
    # What anyone may read does not need the token: without it, it is answered.
    assert server.request("/api/demo")[0] == 200
    people[2].auth.sign_out()  # already signed out counts as signed out


def test_refresh_rotates_forgives_two_tabs_and_notices_theft(server):
    ann = signed_up(server, "ann@example.com")
    first = ann.auth.get_session().refresh_token
    second = ann.auth.refresh_session().session.refresh_token
    assert first != second
    # Two tabs at once: both go on.
    tab = client(server).auth.refresh_session(first).session
    assert server.request("/rest/v1/sites", token=tab.access_token)[0] == 200
    third = client(server).auth.refresh_session(second).session
    with connect(server.database) as database:
        database.execute("update vibe_private.refresh_tokens set used_at = used_at - interval '11 seconds'")
    assert refusal(lambda: client(server).auth.refresh_session(first)) == (400, "refresh_token_already_used")
    # Stolen: the session is over for the thief and for the owner.
    assert server.request("/rest/v1/sites", token=third.access_token)[0] == 401
    assert refusal(lambda: client(server).auth.refresh_session(third.refresh_token)) == (400, "session_expired")
    assert refusal(lambda: client(server).auth.refresh_session("made up")) == (400, "refresh_token_not_found")


def test_refusals_in_the_words_that_clients_know(server):
    signed_up(server, "ann@example.com")
    anybody = client(server).auth
    assert refusal(lambda: anybody.sign_up({"email": "ann@example.com", "password": PASSWORD})) == (422, "user_already_exists")
    assert refusal(lambda: anybody.sign_up({"email": "nobody", "password": PASSWORD})) == (422, "validation_failed")
    assert refusal(lambda: anybody.sign_up({"phone": "+5511", "password": PASSWORD})) == (422, "phone_provider_disabled")
    assert refusal(lambda: anybody.sign_in_anonymously()) == (422, "anonymous_provider_disabled")
    assert refusal(lambda: anybody.sign_up({"email": "b@example.com", "password": "é" * 37})) == (422, "validation_failed")
    with pytest.raises(AuthWeakPasswordError) as weak:
        anybody.sign_up({"email": "b@example.com", "password": "short"})
    assert weak.value.reasons == ["length"]
    for email in ("ann@example.com", "ghost@example.com"):
        assert refusal(lambda: anybody.sign_in_with_password({"email": email, "password": "wrong"})) == (400, "invalid_credentials")
    # A token that we have not signed, or that was cut.
    payload = base64.urlsafe_b64encode(json.dumps({"role": "vibe_operator", "exp": 9e9}).encode()).decode().rstrip("=")
    forged = f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert refusal(lambda: anybody.get_user(forged)) == (403, "bad_jwt")


def test_what_is_not_offered_says_so(server):
    anybody, admin = client(server).auth, client(server, server.secret_key).auth.admin
    calls = [
        lambda: anybody.sign_in_with_otp({"email": "ann@example.com"}),
        lambda: anybody.reset_password_for_email("ann@example.com"),
        lambda: anybody.resend({"type": "signup", "email": "ann@example.com"}),
        lambda: anybody.sign_in_with_id_token({"provider": "google", "token": "x"}),
        lambda: anybody.sign_in_with_sso({"domain": "example.com"}),
        lambda: anybody.verify_otp({"email": "ann@example.com", "token": "123456", "type": "signup"}),
        lambda: admin.list_users(), lambda: admin.create_user({"email": "x@example.com"}), lambda: admin.get_user_by_id("0" * 8 + "-0000-0000-0000-" + "0" * 12),
        lambda: admin.invite_user_by_email("x@example.com"), lambda: admin.generate_link({"type": "signup", "email": "x@example.com", "password": "x"}),
    ]
    for call in calls:
        assert refusal(call) == (422, "feature_disabled")


def test_changing_the_account(server):
    ann = signed_up(server, "ann@example.com")
    other = client(server)
    other.auth.sign_in_with_password({"email": "ann@example.com", "password": PASSWORD})
    assert ann.auth.update_user({"data": {"name": "Ann", "city": "Rio"}}).user.user_metadata == {"name": "Ann", "city": "Rio"}
    assert ann.auth.update_user({"data": {"city": None}}).user.user_metadata == {"name": "Ann"}
    assert refusal(lambda: ann.auth.update_user({"password": PASSWORD})) == (422, "same_password")
    assert refusal(lambda: ann.auth.update_user({"email": "else@example.com"})) == (422, "feature_disabled")
    ann.auth.update_user({"password": "battery staple"})
    assert ann.auth.get_user().user.email == "ann@example.com"  # this session lives, the other has ended
    assert refusal(lambda: client(server).auth.get_user(other.auth.get_session().access_token)) == (403, "session_not_found")
    assert refusal(lambda: other.auth.sign_in_with_password({"email": "ann@example.com", "password": PASSWORD})) == (400, "invalid_credentials")
    other.auth.sign_in_with_password({"email": "ann@example.com", "password": "battery staple"})


def test_a_forgotten_password(server):
    signed_up(server, "ann@example.com")
    token = client(server, server.secret_key).rpc("create_password_reset", {"email": "ann@example.com"}).execute().data
    ann = client(server)
    session = ann.auth.verify_otp({"token_hash": token, "type": "recovery"}).session
    assert session.user.email == "ann@example.com"
    ann.auth.update_user({"password": "battery staple"})
    client(server).auth.sign_in_with_password({"email": "ann@example.com", "password": "battery staple"})
    assert refusal(lambda: client(server).auth.verify_otp({"token_hash": token, "type": "recovery"})) == (403, "otp_expired")


def test_where_an_operator_confirms_each_account(database, make_server):
    server = make_server(database, VIBE_SIGNUP="confirm")
    server.database = database
    made = client(server).auth.sign_up({"email": "ann@example.com", "password": PASSWORD})
    assert made.session is None and made.user.email == "ann@example.com" and made.user.confirmed_at is None
    twice = client(server).auth.sign_up({"email": "ann@example.com", "password": PASSWORD})
    assert twice.session is None and twice.user.email == "ann@example.com"
    def sign_in():
        return client(server).auth.sign_in_with_password({"email": "ann@example.com", "password": PASSWORD})
    assert refusal(sign_in) == (400, "email_not_confirmed")
    client(server, server.secret_key).rpc("confirm_user", {"email": "ann@example.com"}).execute()
    assert sign_in().session.user.confirmed_at


def test_the_invited_join_also_where_sign_up_is_closed(database, make_server):
    server = make_server(database, VIBE_SIGNUP="closed")
    server.database = database
    sql(server, "select vibe.create_user('owner@example.com', %s)::text", PASSWORD)
    owner = client(server)
    owner.auth.sign_in_with_password({"email": "owner@example.com", "password": PASSWORD})
    owner.rpc("create_site", {"name": "shop"}).execute()
    token = owner.rpc("invite_member", {"site": "shop", "email": "New@Example.com", "role": "member"}).execute().data
    assert refusal(lambda: client(server).auth.sign_up({"email": "new@example.com", "password": PASSWORD})) == (422, "signup_disabled")
    new = client(server)
    made = new.auth.sign_up({"email": "new@example.com", "password": PASSWORD, "options": {"data": {"invitation": token, "name": "N"}}})
    assert made.session and made.user.user_metadata == {"name": "N"}
    assert new.table("sites").select("name").execute().data == []
    new.rpc("accept_invitation", {"token": token}).execute()
    assert new.table("sites").select("name").execute().data == [{"name": "shop"}]
    assert [(m["email_or_login"], m["role"]) for m in owner.rpc("get_members").execute().data] == [
        ("new@example.com", "member"), ("owner@example.com", "owner")]
    # Gone from the next request on.
    owner.rpc("remove_member", {"site": "shop", "email_or_login": "new@example.com"}).execute()
    assert new.table("sites").select("name").execute().data == []


def test_two_servers_know_the_same_sessions_and_keys(database, make_server):
    one = make_server(database)
    two = make_server(database, VIBE_JWT_SECRET=one.environment["VIBE_JWT_SECRET"])
    one.database = two.database = database
    ann = signed_up(one, "ann@example.com")
    token = ann.auth.get_session().access_token
    ann.rpc("create_site", {"name": "shop"}).execute()
    key = ann.rpc("create_api_key", {"name": "k"}).execute().data
    reader = client(two, key)
    assert reader.table("sites").select("name").execute().data == [{"name": "shop"}]
    ann.rpc("revoke_api_key", {"key_id": ann.rpc("get_api_keys").execute().data[0]["key_id"]}).execute()
    assert two.request("/rest/v1/sites", token=key)[0] == 401
    assert two.request("/rest/v1/sites", token=token)[0] == 200
    ann.auth.sign_out()
    assert two.request("/rest/v1/sites", token=token)[0] == 401


def test_secret_keys_end_together(server):
    operator = client(server, server.secret_key)
    sql(server, "select vibe.create_site('shop')::text")
    assert operator.table("sites").select("name").execute().data == [{"name": "shop"}]
    assert operator.rpc("end_sessions", {"email": "service@vibe.invalid"}).execute().data == 1
    assert server.request("/rest/v1/sites", token=server.secret_key)[0] == 401
    assert server.request("/rest/v1/rpc/create_user", {"email": "x@example.com", "password": PASSWORD}, token=server.secret_key)[0] == 401
