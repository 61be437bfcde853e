// A dense and a sparse line over tokens: bytes held, tokens a second. Zero is always on the axis.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

class PairChart : public QWidget {
    Q_OBJECT
public:
    explicit PairChart(const QString& name, QWidget* parent = nullptr);
    /// By token, NaN where nothing was measured; `unit` divides them for the axis. `room`: tokens on the axis at least.
    void setLines(std::vector<double> dense, std::vector<double> sparse, int room);

    QSize sizeHint() const override { return {220, 120}; }
    QSize minimumSizeHint() const override { return {120, 64}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<double> m_dense, m_sparse;
    int m_room = 1;
};

/// What a plan saves, named shares of dense: text over bar.
class SavingRows : public QWidget {
    Q_OBJECT
public:
    struct Row {
        QString name;      ///< "KV bytes allocated"
        double share = -1; ///< of dense; negative: not measured
        QString tip = {};
        bool operator==(const Row&) const = default;
    };
    explicit SavingRows(QWidget* parent = nullptr);
    void setRows(std::vector<Row> rows);
    const std::vector<Row>& rows() const { return m_rows; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    int rowHeight() const;
    std::vector<Row> m_rows;
};

} // namespace moa
