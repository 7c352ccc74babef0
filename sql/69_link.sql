-- 69_link.sql: links with which people answer who have no token.

-- Not dumped: a link of the original must not work in its copy.
CREATE TABLE respond_internal.link (
	hash bytea PRIMARY KEY,
	role oid,
	role_login boolean NOT NULL,
	approval_id uuid,
	ticket_id bigint,
	rater text,
	created_by text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz
);
COMMENT ON TABLE respond_internal.link IS 'links to approvals and ratings; approval_link() and rating_link() make them';
COMMENT ON COLUMN respond_internal.link.hash IS 'SHA-256 of what is secret in the link, which is nowhere';
COMMENT ON COLUMN respond_internal.link.role IS 'role that decides the approval; NULL: it is about a rating';
COMMENT ON COLUMN respond_internal.link.role_login IS 'whether that role could log in then: the link is of no use once it cannot';
COMMENT ON COLUMN respond_internal.link.approval_id IS 'the approval';
COMMENT ON COLUMN respond_internal.link.ticket_id IS 'the ticket that is rated';
COMMENT ON COLUMN respond_internal.link.rater IS 'who rates it';
COMMENT ON COLUMN respond_internal.link.created_by IS 'who made the link';
COMMENT ON COLUMN respond_internal.link.created_at IS 'when it was made';
COMMENT ON COLUMN respond_internal.link.expires_at IS 'until when it is good';
COMMENT ON COLUMN respond_internal.link.used_at IS 'when somebody answered with it; NULL: nobody has';

CREATE FUNCTION respond.approval_link(approval uuid, approver text, expires_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_approval_link';
COMMENT ON FUNCTION respond.approval_link(uuid, text, timestamptz) IS
	'a link with which an agent or a role decides an approval, once, without a token; good for a week if not said. For who can SET ROLE to the approver, or owns the rule';
CREATE FUNCTION respond.rating_link(ticket bigint, rater text, expires_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rating_link';
COMMENT ON FUNCTION respond.rating_link(bigint, text, timestamptz) IS 'a link with which somebody rates a ticket, once, without a token; good for a week if not said';
