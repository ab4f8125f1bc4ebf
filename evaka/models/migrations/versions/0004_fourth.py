"""The children of a unit are counted out of one index."""

from alembic import op

revision = '0004'
down_revision = '0003'


def upgrade():
    op.drop_index('ix_placement_unit_id', table_name='placement')
    op.create_index('ix_placement_unit_id', 'placement', ['unit_id', 'start_date', 'end_date', 'child_id', 'care_type'])


def downgrade():
    op.drop_index('ix_placement_unit_id', table_name='placement')
    op.create_index('ix_placement_unit_id', 'placement', ['unit_id'])
