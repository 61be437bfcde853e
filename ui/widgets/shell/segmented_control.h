// A few choices side by side, one of them current: "Span | Δ | Influence". Left and Right move, as in radio
// buttons.
#pragma once

#include <QAbstractButton>
#include <QWidget>

#include <vector>

class QHBoxLayout;

namespace moa {

class SegmentedControl : public QWidget {
    Q_OBJECT
public:
    /// `name` for screen readers: "Show".
    explicit SegmentedControl(const QString& name, QWidget* parent = nullptr);

    /// Returns its index. The first one becomes current.
    int addSegment(const QString& text, const QString& toolTip = {});
    void clear();
    int count() const { return int(m_segments.size()); }
    int current() const { return m_current; } ///< −1: none
    void setCurrent(int index);               ///< no signal; out of range is ignored
    void setSegmentEnabled(int index, bool enabled, const QString& reason = {});
    QAbstractButton* segment(int index) const { return m_segments[std::size_t(index)]; }

signals:
    void chosen(int index); ///< by the user

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void choose(int index);

    QHBoxLayout* m_row;
    std::vector<QAbstractButton*> m_segments;
    int m_current = -1;
};

} // namespace moa
