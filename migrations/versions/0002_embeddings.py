"""Sentence vectors of papers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "embeddings",
        sa.Column("text_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name=op.f("pk_embeddings")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("embeddings")
