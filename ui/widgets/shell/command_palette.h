// The command palette: one line to type in, the best actions, heads, plans and runs under it. A frameless
// child of the window, not a window of its own.
#pragma once

#include "ui/widgets/shell/palette_item.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QLineEdit;
class QListView;

namespace moa {

class PaletteModel;

class CommandPalette : public QWidget {
    Q_OBJECT
public:
    explicit CommandPalette(QWidget* window);
    ~CommandPalette() override;

    void addSource(PaletteSource source);
    /// `query` is typed in already: "@" lists the heads. Focus goes to the line and comes back on close.
    void open(const QString& query = {});
    /// Hides it; a preview that was not run is undone.
    void dismiss();
    /// Places it under the window's new size.
    void place();

    QLineEdit* line() const { return m_line; }
    QListView* list() const { return m_list; }
    PaletteModel* model() const { return m_model; }

signals:
    /// Enter or a click on an enabled item; the palette is closed already.
    void activated(const moa::PaletteItem& item);
    /// Tab: show what the item would do, in a way that can be taken back.
    void previewed(const moa::PaletteItem& item);
    void previewUndone();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void choose(int step);
    void chooseRow(int row);
    void runCurrent();
    void preview();
    bool undoPreview();
    void updateText();
    void restyle();
    bool lineKey(int key);

    PaletteModel* m_model;
    QLineEdit* m_line;
    QListView* m_list;
    QLabel *m_count, *m_hints, *m_filters, *m_nothing;
    QWidget *m_top, *m_foot;
    QPointer<QWidget> m_focusBefore;
    bool m_previewing = false;
};

} // namespace moa
