"""An application has a number in the city's register of cases."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade():
    op.add_column('application', sa.Column('case_number', sa.String(length=60), nullable=True))
    op.create_index('uq_application_case_number', 'application', ['case_number'], unique=True)


def downgrade():
    op.drop_index('uq_application_case_number', table_name='application')
    op.drop_column('application', 'case_number')
