// The list of models (ui/viewmodels/model_list.h): name, shape and size, state at the right, eject inline. Click chooses, Enter and double click load.
#pragma once

#include <QListView>
#include <QStyledItemDelegate>

namespace moa {


class ModelRowDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    static QRect ejectRect(const QRect& row);
};

class ModelListView : public QListView {
    Q_OBJECT
public:
    explicit ModelListView(QWidget* parent = nullptr);

signals:
    void chosen(const QString& path);
    void loadAsked(const QString& path);
    void ejectAsked();
    void removeAsked(const QString& path); ///< from the list, never from disk

protected:
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;
};

} // namespace moa
