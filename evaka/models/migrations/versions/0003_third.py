"""Guardians' own ways in and pages: proofs of addresses, calendar feeds, telephones that are told, words of a day."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade():
    op.create_table('calendar_feed',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_calendar_feed_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_feed')),
    sa.UniqueConstraint('digest', name=op.f('uq_calendar_feed_digest')),
    sa.UniqueConstraint('person_id', name=op.f('uq_calendar_feed_person_id'))
    )
    op.create_table('calendar_feed_label',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('label', sa.String(length=20), nullable=False),
    sa.Column('child_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['child_id'], ['person.id'], name=op.f('fk_calendar_feed_label_child_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_calendar_feed_label_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_feed_label')),
    sa.UniqueConstraint('person_id', 'child_id', name=op.f('uq_calendar_feed_label_person_id_child_id'))
    )
    with op.batch_alter_table('calendar_feed_label', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calendar_feed_label_child_id'), ['child_id'], unique=False)

    op.create_table('family_note',
    sa.Column('child_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['child_id'], ['person.id'], name=op.f('fk_family_note_child_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_family_note_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_note')),
    sa.UniqueConstraint('child_id', 'day', name=op.f('uq_family_note_child_id_day'))
    )
    with op.batch_alter_table('family_note', schema=None) as batch_op:
        batch_op.create_index('ix_family_note_day', ['day'], unique=False)
        batch_op.create_index(batch_op.f('ix_family_note_person_id'), ['person_id'], unique=False)

    op.create_table('push_subscription',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('public_key', sa.String(length=120), nullable=False),
    sa.Column('shared_secret', sa.String(length=40), nullable=False),
    sa.Column('browser', sa.String(length=60), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_push_subscription_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_subscription')),
    sa.UniqueConstraint('digest', name=op.f('uq_push_subscription_digest'))
    )
    with op.batch_alter_table('push_subscription', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_push_subscription_person_id'), ['person_id'], unique=False)

    op.create_table('login_proof',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('email_code', 'password_link', name='proofkind', native_enum=False, length=40), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('salt', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_login_proof_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_proof'))
    )
    with op.batch_alter_table('login_proof', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_proof_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('email', schema=None) as batch_op:
        batch_op.add_column(sa.Column('address', sa.String(length=200), server_default='', nullable=False))
        batch_op.add_column(sa.Column('proof_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('pushed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_email_proof_id'), ['proof_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_email_proof_id'), 'login_proof', ['proof_id'], ['id'])

    with op.batch_alter_table('message_box', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mails', sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index('ix_person_restricted', ['id'], unique=False, sqlite_where=sa.text('restricted = 1'),
                              postgresql_where=sa.text('restricted'))

    with op.batch_alter_table('pickup', schema=None) as batch_op:
        batch_op.add_column(sa.Column('last_day', sa.Date(), nullable=True))

    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.add_column(sa.Column('folder_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_post_folder_id'), ['folder_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_post_folder_id'), 'message_folder', ['folder_id'], ['id'])

    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('id_token', sa.Text(), nullable=True))



def downgrade():
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_column('id_token')

    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_post_folder_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_post_folder_id'))
        batch_op.drop_column('folder_id')

    with op.batch_alter_table('pickup', schema=None) as batch_op:
        batch_op.drop_column('last_day')

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index('ix_person_restricted')

    with op.batch_alter_table('message_box', schema=None) as batch_op:
        batch_op.drop_column('mails')

    with op.batch_alter_table('email', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_email_proof_id'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_email_proof_id'))
        batch_op.drop_column('pushed_at')
        batch_op.drop_column('proof_id')
        batch_op.drop_column('address')

    with op.batch_alter_table('login_proof', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_proof_user_id'))

    op.drop_table('login_proof')
    with op.batch_alter_table('push_subscription', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_push_subscription_person_id'))

    op.drop_table('push_subscription')
    with op.batch_alter_table('family_note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_family_note_person_id'))
        batch_op.drop_index('ix_family_note_day')

    op.drop_table('family_note')
    with op.batch_alter_table('calendar_feed_label', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_calendar_feed_label_child_id'))

    op.drop_table('calendar_feed_label')
    op.drop_table('calendar_feed')
