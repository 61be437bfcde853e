// A small coloured label: "BF16", "stale", "Saving held by Q22". Not a button.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

class QPainter;

namespace moa {

/// Which pair of roles a chip is drawn in.
enum class ChipTone { Plain, Accent, Dense, Sparse, Pinned, Influence, Ok, Warn, Error };

/// Paints one in a canvas, its left edge's middle at `left`; returns its width.
qreal paintChip(QPainter& painter, const QPointF& left, const QString& text, ChipTone tone);
/// What every stale measurement carries beside its grey number.
qreal paintStaleChip(QPainter& painter, const QPointF& left);

class Chip : public QWidget {
    Q_OBJECT
public:
    explicit Chip(const QString& text = {}, ChipTone tone = ChipTone::Plain, QWidget* parent = nullptr);

    void setText(const QString& text);
    void setTone(ChipTone tone);
    /// A line icon before the text, in the text's colour; empty: none.
    void setIcon(const QString& name);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text, m_icon;
    ChipTone m_tone;
};

} // namespace moa
