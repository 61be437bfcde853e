// KV bytes of every layer: dense behind, the plan in front, a tick where memory is allocated. Click opens a layer.
#pragma once

#include "ui/widgets/theme.h"

#include <QWidget>

#include <vector>

namespace moa {

class LayerKvChart : public QWidget {
    Q_OBJECT
public:
    explicit LayerKvChart(QWidget* parent = nullptr);

    /// Bytes by layer; `allocated` may be empty. `hasPlan` false: dense alone.
    void setValues(const std::vector<quint64>& dense, const std::vector<quint64>& plan,
                   const std::vector<quint64>& allocated, bool hasPlan);
    void setCurrent(int layer);
    QSize sizeHint() const override { return {320, 260}; }
    QSize minimumSizeHint() const override { return {160, 140}; }

signals:
    void layerClicked(int layer);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRectF plot() const;
    int layerAt(double x) const;
    QString describe(int layer) const;

    std::vector<quint64> m_dense, m_plan, m_allocated;
    bool m_hasPlan = false;
    int m_current = 0;
};

} // namespace moa
