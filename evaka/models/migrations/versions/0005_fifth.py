"""The needs and the ages of all children are counted out of one index each."""

from alembic import op

revision = '0005'
down_revision = '0004'


def upgrade():
    op.drop_index('ix_service_need_placement_id', table_name='service_need')
    op.create_index('ix_service_need_placement_id', 'service_need',
                    ['placement_id', 'start_date', 'end_date', 'option', 'shift_care'])
    op.create_index('ix_person_id_born', 'person', ['id', 'born'])


def downgrade():
    op.drop_index('ix_person_id_born', table_name='person')
    op.drop_index('ix_service_need_placement_id', table_name='service_need')
    op.create_index('ix_service_need_placement_id', 'service_need', ['placement_id'])
